import { describe, it } from '@jest/globals';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { noSleep } from './no-sleep.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const errors = [{ messageId: 'sleep' }];

new RuleTester({ languageOptions: { parser: tseslint.parser } }).run('no-sleep', noSleep, {
  valid: [
    `await waitUntil(() => server.ready);`,
    `import { setImmediate } from 'node:timers';`,
    `await new Promise((resolve, reject) => { server.once('exit', resolve); setTimeout(() => reject(new Error('late')), 9); });`,
    `const timer = setTimeout(stop, 1000); clearTimeout(timer);`,
    `await new Promise((resolve) => setImmediate(resolve));`,
    `await new Promise((resolve) => server.close(() => resolve()));`,
  ],
  invalid: [
    { code: `await new Promise((resolve) => setTimeout(resolve, 100));`, errors },
    { code: `await new Promise<void>((done) => { setTimeout(() => done(), 100); });`, errors },
    { code: `await new Promise(function (resolve) { setTimeout(resolve, 5, 'x'); });`, errors },
    { code: `new Promise((resolve: () => void) => setInterval(() => ready() && resolve(), 5));`, errors },
    { code: `import { setTimeout as delay } from 'node:timers/promises';`, errors },
    { code: `import { scheduler } from 'timers/promises';`, errors },
  ],
});
