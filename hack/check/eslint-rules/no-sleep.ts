import type { Rule } from 'eslint';

/**
 * A test waits for a condition, never for time: no `new Promise((resolve) => setTimeout(resolve, 100))` and nothing of
 * node:timers/promises. A timer that rejects is a deadline, and allowed.
 */
export const noSleep: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow waiting for time in place of a condition' },
    messages: {
      sleep:
        'Wait for a condition (test/support), or move the clock by hand (src/engine/clock.ts): time alone proves nothing.',
    },
    schema: [],
  },
  create: (context) => ({
    'ImportDeclaration[source.value=/^(node:)?timers.promises$/]'(node: Rule.Node) {
      context.report({ node, messageId: 'sleep' });
    },
    "NewExpression[callee.name='Promise'] > :function CallExpression[callee.name=/^set(Timeout|Interval)$/]"(
      node: Rule.Node,
    ) {
      if (resolvesPromise(node, context)) context.report({ node, messageId: 'sleep' });
    },
  }),
};

/** Whether the timer's callback is, or calls, the first parameter of the executor around it. */
function resolvesPromise(timer: Rule.Node, context: Rule.RuleContext): boolean {
  if (timer.type !== 'CallExpression' || !timer.arguments[0]) return false;
  const executor = executorAround(timer);
  if (!executor || !('params' in executor) || !executor.params[0]) return false;
  const resolve = context.sourceCode.getText(executor.params[0]).split(':')[0] ?? '';
  const callback = context.sourceCode.getText(timer.arguments[0]);
  return callback.split(/[^\w$]+/).includes(resolve);
}

function executorAround(node: Rule.Node): Rule.Node | undefined {
  const parent = node.parent;
  if (!parent) return undefined;
  const isExecutor = parent.type === 'NewExpression' && parent.arguments[0] === node;
  return isExecutor ? node : executorAround(parent);
}
