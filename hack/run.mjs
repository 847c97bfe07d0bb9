#!/usr/bin/env node
/**
 * Starts a TypeScript entry of hack/ on a machine where nothing is installed yet: any Node >= 20 runs this file,
 * it installs the npm packages when the lockfile changed, and hands over to the Node 24 that is one of them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, 'node_modules', '.bin');

installPackages();
const environment = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
const child = spawn(
  path.join(bin, 'node'),
  ['--disable-warning=ExperimentalWarning', path.join(root, process.argv[2]), ...process.argv.slice(3)],
  { stdio: 'inherit', env: environment },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));

function installPackages() {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  const stamp = path.join(root, 'node_modules', '.marina-lock');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  console.error('Installing npm packages (about half a minute) ...');
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    console.error('npm ci failed: the messages above say why. Run it again with `npm ci` in this folder.');
    process.exit(1);
  }
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}
