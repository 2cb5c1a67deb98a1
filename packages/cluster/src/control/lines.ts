import type { Socket } from 'node:net';
import { ClusterError } from '../errors.ts';
import { CONTROL_MESSAGE_BYTES, CONTROL_REQUEST_MS } from '../limits.ts';

/** Hands on each line that comes, without its end; destroys the connection when one is longer than a message may be. */
export function onLines(socket: Socket, heard: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) heard(line);
    if (rest.length > CONTROL_MESSAGE_BYTES) socket.destroy();
  });
}

/** Reads up to the first line's end; fails when it is too long or too slow. */
export function readLine(socket: Socket, limitMs = CONTROL_REQUEST_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (what: string) => {
      reject(new ClusterError('E_CLUSTER_CONTROL', `the other side of the control socket ${what}`));
      socket.destroy();
    };
    const ended = () => fail('ended in the middle');
    const closed = () => {
      clearTimeout(tooLong);
      fail('is gone');
    };
    const heard = (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end < 0) {
        if (text.length > CONTROL_MESSAGE_BYTES) fail('says too much');
        return;
      }
      // It has been said: what is done about it may take longer than saying it, and more may be said later.
      clearTimeout(tooLong);
      socket.off('data', heard).off('end', ended).off('close', closed);
      resolve(text.slice(0, end));
    };
    const tooLong = setTimeout(fail, limitMs, `said nothing for ${limitMs} ms`);
    socket.setEncoding('utf8').on('data', heard).on('end', ended).on('close', closed);
  });
}
