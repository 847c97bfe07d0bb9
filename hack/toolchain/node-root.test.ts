import { describe, expect, test } from '@jest/globals';
import { adaptEntrypoint, adaptRuntimeSpec } from './node-root.ts';
import { parseLdd } from './debian-root.ts';
import { mergedPath } from './root-files.ts';
import { isNeededAtRunTime } from './marina-layers.ts';

describe('adaptEntrypoint', () => {
  const text = "  log_info 'detected cgroup v1'\nselect_iptables\nlog_info 'starting init'\nexec \"$@\"\n";

  test('prepares the node last, and keeps the sentence from the log that kind does not wait behind', () => {
    const adapted = adaptEntrypoint(text);
    expect(adapted).not.toContain('detected cgroup v1');
    expect(adapted).toMatch(/select_iptables\n\/kind\/bin\/prepare-node\.sh\nlog_info 'starting init'\nexec/);
  });

  test('refuses an entrypoint that it does not know', () => {
    expect(() => adaptEntrypoint('exec "$@"')).toThrow('does not say');
  });
});

test('the base of every container has the hook of kind and no resource limits', () => {
  const spec = { ociVersion: '1.3.0', process: { cwd: '/', rlimits: [{ type: 'RLIMIT_NOFILE' }] }, root: {} };
  expect(JSON.parse(adaptRuntimeSpec(JSON.stringify(spec)))).toEqual({
    ociVersion: '1.3.0',
    process: { cwd: '/' },
    root: {},
    hooks: { createContainer: [{ path: '/kind/bin/mount-product-files.sh' }] },
  });
});

test('parseLdd finds libraries and the loader, and neither the virtual nor the missing', () => {
  const output = `\tlinux-vdso.so.1 (0x00007ffc3a5f2000)
\tlibnftables.so.1 => /lib/x86_64-linux-gnu/libnftables.so.1 (0x00007f6c0a400000)
\tlibgone.so.1 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f6c0a9c4000)
`;
  expect(parseLdd(output)).toEqual(['/lib/x86_64-linux-gnu/libnftables.so.1', '/lib64/ld-linux-x86-64.so.2']);
});

test.each([
  ['/lib64/ld-linux-x86-64.so.2', 'usr/lib64/ld-linux-x86-64.so.2'],
  ['/usr/lib/libc.so.6', 'usr/lib/libc.so.6'],
  ['/library/x', 'library/x'],
])('mergedPath(%s)', (file, expected) => {
  expect(mergedPath(file)).toBe(expected);
});

test.each([
  ['rxjs/dist/cjs/index.js', true],
  ['rxjs/dist/types/index.d.ts', false],
  ['pino/pino.d.mts', false],
  ['undici/lib/llhttp/llhttp.wasm', true],
  ['zod/index.js.map', false],
  ['zod/LICENSE', true],
  ['typescript', false],
])('isNeededAtRunTime(%s) is %s', (file, expected) => {
  expect(isNeededAtRunTime(file)).toBe(expected);
});
