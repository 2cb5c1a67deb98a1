/**
 * Scale: the same load as `steady` while whoever runs it scales the replicas, 3 -> 6 -> 2. Not one request may fail,
 * neither read nor write.
 */
import type { SummaryData } from '../lib/figures.ts';
import { options as steadily } from './steady.ts';
import { summary } from './summary.ts';

export { default } from './steady.ts';

export const options = {
  ...steadily,
  thresholds: { http_req_failed: ['rate==0'] },
};

export const handleSummary = (data: SummaryData) => summary(data);
