import { ApiError, type ApiErrorCode } from '../../client/api-error.ts';
import { isKubeError, type KubeError, type KubeErrorCode } from '../../kube/errors.ts';
import { fromKubeError } from '../../rest/problem/problem.ts';

/** Where the caller is who the API server speaks to; REST would keep Marina's own troubles from them. */
const ofCaller: Readonly<Partial<Record<KubeErrorCode, ApiErrorCode>>> = {
  Aborted: 'Aborted',
  Forbidden: 'Forbidden',
  Timeout: 'Timeout',
  Unauthorized: 'Unauthenticated',
  Unreachable: 'Unreachable',
};

/** What an API server answered, as REST would say it. */
export function asApiError(error: unknown): unknown {
  if (!isKubeError(error)) return error;
  const { operation, status, retryAfterMs } = error;
  const told = fromKubeError(error);
  const own = ofCaller[error.code];
  return new ApiError({
    code: own ?? told.code,
    operation,
    status,
    message: own === undefined && told.code !== 'Unavailable' ? told.message : withoutOperation(error),
    errors: told.errors,
    retryAfterMs,
    cause: error,
  });
}

function withoutOperation({ operation, message }: KubeError): string {
  return message.startsWith(`${operation}: `) ? message.slice(operation.length + 2) : message;
}

export function notFound(message: string): ApiError {
  return new ApiError({ code: 'NotFound', operation: 'get', status: 404, message });
}
