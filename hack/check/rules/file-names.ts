import type { Finding } from '../project.ts';

const kebabCase = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;

/** Names that others look for. */
const given = /^(README\.md|CONTRIBUTING\.md|CHANGELOG\.md|LICENSE|Dockerfile)$/;
/** A generator names a CRD `<group>_<plural>.yaml`; a runbook is called after the reason of the condition that leads to it. */
const namedElsewhere = /^manifests\/crds\/|^docs\/runbooks\/[A-Z][A-Za-z]+\.md$/;

/** Every folder and file is called in kebab-case, with dots between a name and what kind of file it is. */
export function checkFileNames(files: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    if (namedElsewhere.test(file)) continue;
    const wrong = file.split('/').find((part) => !kebabCase.test(part) && !given.test(part));
    if (wrong) findings.push({ file, message: `${wrong} is not kebab-case` });
  }
  return findings;
}
