import { STATUS_CODES } from 'node:http';
import { Problem, problemHeaders } from './problem.ts';

/** The whole answer, as bytes, to what Node's parser has given up on: there is no response object to answer with. */
export function clientErrorAnswer(error: Error, servedBy: string): string {
  const problem = problemOf('code' in error ? error.code : undefined);
  const { status, body } = problem;
  const headers = { ...problemHeaders(problem, servedBy, body), Connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}

function problemOf(code: unknown): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('invalid_parameter', 'The path and headers together are too large.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('payload_too_large', 'The body has chunk extensions that are too large.');
    default:
      return new Problem('invalid_parameter', 'The request line, a header or the framing of the body is malformed.');
  }
}
