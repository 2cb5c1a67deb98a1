import { expect, test } from 'vitest';
import { clientErrorAnswer } from './client-error.ts';

test.each([
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout', 'request_timeout'],
  ['HPE_HEADER_OVERFLOW', '400 Bad Request', 'invalid_parameter'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large', 'payload_too_large'],
  ['HPE_INVALID_METHOD', '400 Bad Request', 'invalid_parameter'],
])('%s is answered as %s, and the connection ends', (errorCode, status, code) => {
  const answer = clientErrorAnswer(Object.assign(new Error('parser'), { code: errorCode }), 'api-1');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual(
    expect.arrayContaining([
      `HTTP/1.1 ${status}`,
      'X-Served-By: api-1',
      'Connection: close',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ]),
  );
  expect(JSON.parse(body)).toMatchObject({ code, status: Number(status.slice(0, 3)) });
});
