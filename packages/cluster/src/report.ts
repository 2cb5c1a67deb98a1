/** Takes one message for whoever runs the cluster; it may have several lines. */
export type Report = (message: string) => void;

/** Says it on standard error, as standard output belongs to what was asked for. */
export const reportToStderr: Report = (message) => {
  process.stderr.write(`lockstep: ${message}\n`);
};
