import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Kubeconfig, mergeKubeconfig } from './merge.ts';

const issued = (server: string): Kubeconfig => ({
  clusters: [{ name: 'blue', cluster: { server, 'certificate-authority-data': 'Q0E=' } }],
  users: [{ name: 'me', user: { 'client-key-data': 'S0VZ' } }],
  contexts: [{ name: 'me@blue', context: { cluster: 'blue', user: 'me' } }],
});
const options = { name: 'team-a/blue', force: false, use: false };

const mine = `# of work
apiVersion: v1
kind: Config
current-context: work
preferences: { colors: true }
clusters:
  - name: work # the old one
    cluster: { server: https://work }
users:
  - name: me
    user: { token: t }
contexts:
  - name: work
    context: { cluster: work, user: me, namespace: n }
`;

describe('a kubeconfig that is merged', () => {
  it('into nothing makes a whole one, and is the current one', () => {
    const made = parse(mergeKubeconfig('', issued('https://blue'), options)) as Kubeconfig;
    expect(made).toMatchObject({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'team-a/blue',
      clusters: [{ name: 'team-a/blue', cluster: { server: 'https://blue' } }],
      users: [{ name: 'team-a/blue', user: { 'client-key-data': 'S0VZ' } }],
      contexts: [{ name: 'team-a/blue', context: { cluster: 'team-a/blue', user: 'team-a/blue' } }],
    });
  });

  it('leaves everything else as it is, comments too', () => {
    const text = mergeKubeconfig(mine, issued('https://blue'), options);
    for (const line of ['# of work', 'current-context: work', '# the old one', 'namespace: n'])
      expect(text).toContain(line);
    const merged = parse(text) as Kubeconfig;
    expect(merged.clusters.map(({ name }) => name)).toEqual(['work', 'team-a/blue']);
    expect(merged).toMatchObject({
      preferences: { colors: true },
      users: [{ name: 'me', user: { token: 't' } }, {}],
    });
  });

  it('replaces what Marina wrote before, and becomes the current one where that is wanted', () => {
    const first = mergeKubeconfig(mine, issued('https://blue'), options);
    const second = parse(
      mergeKubeconfig(first, issued('https://new'), { ...options, use: true }),
    ) as Kubeconfig;
    expect(second.clusters).toHaveLength(2);
    expect(second).toMatchObject({
      'current-context': 'team-a/blue',
      clusters: [{}, { cluster: { server: 'https://new' } }],
    });
  });

  it('refuses entries of others, unless it is forced', () => {
    const taken = { ...options, name: 'work' };
    expect(() => mergeKubeconfig(mine, issued('https://blue'), taken)).toThrow(
      expect.objectContaining({
        code: 'conflict',
        message: expect.stringContaining('clusters, contexts named work'),
      }),
    );
    expect(() => mergeKubeconfig(mine, issued('https://blue'), { ...options, name: 'me' })).toThrow(
      /users named me/,
    );
    const forced = parse(
      mergeKubeconfig(mine, issued('https://blue'), { ...taken, force: true }),
    ) as Kubeconfig;
    expect(forced.clusters).toMatchObject([{ name: 'work', cluster: { server: 'https://blue' } }]);
  });

  it.each(['clusters: [', '- a', '7'])('refuses %s, which is no kubeconfig', (text) => {
    expect(() => mergeKubeconfig(text, issued('https://blue'), options)).toThrow(/kubeconfig/);
  });

  it('takes lists that are null', () => {
    const text = 'apiVersion: v1\nkind: Config\nclusters: null\nusers: null\ncontexts: null\n';
    expect((parse(mergeKubeconfig(text, issued('https://blue'), options)) as Kubeconfig).users).toHaveLength(
      1,
    );
  });
});
