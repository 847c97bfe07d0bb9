import type { Findings } from './findings.ts';
import type { PostgresWorld } from './postgres-world.ts';

/** With the credential of tenant `id`: into every other database under its own name, and into its own under every other. */
export async function tryToConnect(
  world: Pick<PostgresWorld, 'tenants' | 'credentialOf' | 'knock'>,
  id: string,
): Promise<Findings> {
  const credential = await world.credentialOf(id);
  const others = world.tenants.map((tenant) => tenant.id).filter((other) => other !== id);
  const doors = [
    ...[...others, 'postgres', 'template1'].map((database) => ({ database, role: id, state: '42501' })),
    // Closed to everybody.
    { database: 'template0', role: id, state: '55000' },
    ...[...others, 'postgres'].map((role) => ({ database: id, role, state: '28000' })),
  ];
  const escapes: string[] = [];
  for (const { database, role, state } of doors) {
    const outcome = await world.knock(database, credential, role);
    if (outcome.state !== state) escapes.push(`connect to ${database} as ${role}: ${outcome.text}`);
  }
  return { attempts: doors.length, escapes };
}
