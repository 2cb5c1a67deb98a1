import { CacheError } from '@lockstep/cache';
import { OriginUnavailable } from '../origin/origin.ts';
import { badPath } from './parameters.ts';
import { Problem } from './problem.ts';

/** What a client is told of an error: its code where docs/HTTP.md has one, else `internal` and no detail. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof OriginUnavailable) {
    return new Problem(
      'origin_unavailable',
      'The database cannot be asked. Nothing was changed; try again in a moment.',
    );
  }
  if (error instanceof CacheError) return problemOfCache(error);
  if (isBadUri(error)) return badPath();
  return internal();
}

function problemOfCache({ code }: CacheError): Problem {
  switch (code) {
    case 'E_CACHE_UNREACHABLE':
      return new Problem('cache_unreachable', 'The cache cannot be told of a write. Nothing was committed; try again.');
    case 'E_CACHE_OUTCOME_UNKNOWN':
      return new Problem(
        'outcome_unknown',
        'The write may have been committed, and its invalidation has not been confirmed: repeat it with its Idempotency-Key.',
      );
    case 'E_CACHE_OVERLOADED':
      return new Problem('overloaded', 'There is too much to do. Nothing was begun; try again in a moment.');
    case 'E_CACHE_UNPROVEN':
      return new Problem(
        'overloaded',
        'Nothing cached is proved to be recent now. Nothing was begun; try again in a moment.',
      );
    case 'E_CACHE_CLOSED':
      return new Problem('draining', 'This replica is leaving, and its cache is closed. Nothing was begun.');
    case 'E_CACHE_LOAD_TIMEOUT':
      return new Problem('origin_unavailable', 'The database did not answer in time. Try again in a moment.');
    case 'E_CACHE_COMMIT_ABORTED':
      return new Problem(
        'origin_unavailable',
        'The database did not commit. Nothing was changed; try again in a moment.',
      );
    default:
      return internal();
  }
}

function internal(): Problem {
  return new Problem('internal', 'The replica failed; its log says why.');
}

/** Express' router decodes the path's parameters itself, and says so when it cannot. */
function isBadUri(error: unknown): boolean {
  return error instanceof URIError && 'status' in error && error.status === 400;
}
