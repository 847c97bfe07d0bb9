import type { Dispatcher } from 'undici';

/**
 * Asks `check` when a request has its connection and is about to be written to it, which can be long after it was made;
 * what it throws is what the request fails with, unsent.
 */
export function beforeSend(check: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        try {
          check();
        } catch (error) {
          controller.abort(error as Error);
          return;
        }
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
      onResponseStart: (...given) => handler.onResponseStart?.(...given),
      onResponseData: (...given) => handler.onResponseData?.(...given),
      onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
      onResponseError: (...given) => handler.onResponseError?.(...given),
    });
}
