import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** Request and response, for a handler that says more than its answer; Nest still sends what it returns. */
export const ExchangeOfRoute = createParamDecorator((_: unknown, context: ExecutionContext): Exchange => {
  const http = context.switchToHttp();
  return { request: http.getRequest<Request>(), response: http.getResponse<Response>() };
});
