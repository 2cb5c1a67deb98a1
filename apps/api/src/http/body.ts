import express, { type Request, type RequestHandler, type Response } from 'express';
import type * as z from 'zod';
import { type FieldError, Problem } from './problem.ts';

/** Bytes of a request body (docs/HTTP.md). */
const BODY_BYTES = 64 << 10;
const MEDIA_TYPE = /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?$/i;
/** Fields that one problem lists. */
const ERRORS = 64;

const parse: RequestHandler = express.json({ limit: BODY_BYTES, inflate: false, strict: false, type: () => true });

/** The body as the schema gives it back. Throws `Problem` for another media type, size, syntax or shape. */
export async function readBody<T>(request: Request, response: Response, schema: z.ZodType<T>): Promise<T> {
  const { headers } = request;
  const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  if (!MEDIA_TYPE.test(headers['content-type'] ?? '') && !(empty && headers['content-type'] === undefined)) {
    throw new Problem('unsupported_media_type', 'The body must be application/json in UTF-8.');
  }
  if (!empty) await parsed(request, response);
  const result = schema.safeParse(request.body);
  if (result.success) return result.data;
  throw invalidBody(result.error.issues.flatMap(errorsOf));
}

function parsed(request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(problemOf(error))));
  });
}

/** What body-parser says, in our words; anything that is not about the request goes on as it is. */
function problemOf(error: unknown): unknown {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return new Problem('payload_too_large', `The body is larger than ${BODY_BYTES >> 10} KiB.`);
    case 'encoding.unsupported':
      return new Problem('unsupported_media_type', 'The body must not be compressed.');
    case 'charset.unsupported':
      return new Problem('unsupported_media_type', 'The body must be application/json in UTF-8.');
    case 'entity.parse.failed':
      return invalidBody([{ field: '', message: 'is not JSON' }]);
    case 'request.aborted':
    case 'request.size.invalid':
      return invalidBody([{ field: '', message: 'has another length than was announced' }]);
    default:
      return error;
  }
}

function invalidBody(errors: readonly FieldError[]): Problem {
  return new Problem('invalid_body', 'The body does not fit: see errors.', { errors: errors.slice(0, ERRORS) });
}

/** A schema's issue by field; unknown fields are one issue there, and one line each here. */
function errorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  return [{ field: issue.path.join('.'), message: issue.message }];
}
