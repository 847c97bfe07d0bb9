import { pino, type Logger } from 'pino';

/** JSON lines on standard output. Values under these names never get there. */
const secretPaths = [
  'data',
  '*.data',
  'privateKey',
  '*.privateKey',
  'clientKey',
  '*.clientKey',
  'token',
  '*.token',
];

export function createLogger(level: string): Logger {
  return pino({ level, redact: { paths: secretPaths, censor: '[redacted]' }, base: undefined });
}
