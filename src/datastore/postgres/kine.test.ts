import { expect, it } from '@jest/globals';
import { kineArguments } from './kine.ts';

const options = {
  endpoints: ['one.stores.svc:5432', '[fd00::2]:5433'],
  id: 'a-1',
  socket: '/run/kine/kine.sock',
  certificateAuthorityFile: '/ca.crt',
  certificateFile: '/tls.crt',
  keyFile: '/tls.key',
};

it('kine is told all servers, and that the apiserver compacts', () => {
  expect(kineArguments(options)).toEqual([
    '--listen-address=unix:///run/kine/kine.sock',
    '--endpoint=postgres://a-1@/a-1?host=one.stores.svc%2Cfd00%3A%3A2&port=5432%2C5433&target_session_attrs=read-write&connect_timeout=5',
    '--ca-file=/ca.crt',
    '--cert-file=/tls.crt',
    '--key-file=/tls.key',
    '--datastore-max-open-connections=5',
    '--datastore-max-idle-connections=2',
    '--compact-interval=0',
    '--compact-min-retain=0',
    '--metrics-bind-address=0',
  ]);
  expect(kineArguments({ ...options, metricsAddress: ':8080' })).toContain('--metrics-bind-address=:8080');
});

it('what is no id gets into no URL', () => {
  expect(() => kineArguments({ ...options, id: 'a@evil/' })).toThrow('is no id');
});
