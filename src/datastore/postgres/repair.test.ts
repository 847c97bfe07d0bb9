import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { postgresPartition } from './partition.ts';
import { planRepair, wantedAttributes } from './repair.ts';
import type {
  Grant,
  ObservedAccess,
  ObservedInside,
  ObservedRole,
  RepairStep,
  RoleProperty,
} from './repair.ts';

const partition = postgresPartition('a');
const self = 'marina';

const grant = (grantee: string | null, privilege: string): Grant => ({
  grantee,
  privilege,
  grantable: false,
});
const role: ObservedRole = { ...wantedAttributes, connectionLimit: 24, hasPassword: false };
const inside: ObservedInside = {
  schema: { owner: self, grants: [grant(self, 'USAGE'), grant('a', 'USAGE'), grant('a', 'CREATE')] },
  languages: [],
  writable: true,
};
const right: ObservedAccess = {
  self,
  role,
  memberships: [],
  tracesIn: [],
  open: [],
  database: {
    owner: self,
    template: false,
    connectable: true,
    grants: [grant(self, 'CONNECT'), grant('a', 'CONNECT')],
  },
  inside,
};
const nothing: ObservedAccess = { ...right, role: undefined, database: undefined, inside: undefined };

/** What is right, wrong or too much, in any mix. */
const someGrants = (...privileges: readonly string[]): fc.Arbitrary<readonly Grant[]> =>
  fc.uniqueArray(
    fc.record({
      grantee: fc.constantFrom(null, self, 'a', 'b'),
      privilege: fc.constantFrom(...privileges),
      grantable: fc.boolean(),
    }),
    { selector: ({ grantee, privilege }) => JSON.stringify([grantee, privilege]) },
  );
const owners = fc.constantFrom(self, 'a', 'b');
const observations: fc.Arbitrary<ObservedAccess> = fc
  .record({
    self: fc.constant(self),
    role: fc.option(
      fc.record({
        login: fc.boolean(),
        superuser: fc.boolean(),
        createdb: fc.boolean(),
        createrole: fc.boolean(),
        inherit: fc.boolean(),
        replication: fc.boolean(),
        bypassrls: fc.boolean(),
        connectionLimit: fc.constantFrom(-1, 24),
        hasPassword: fc.boolean(),
      }),
      { nil: undefined },
    ),
    memberships: fc.subarray([
      { role: 'b', member: 'a', grantor: self },
      { role: 'a', member: 'b', grantor: 'b' },
    ]),
    tracesIn: fc.subarray(['b', 'postgres']),
    open: fc.subarray(['b', 'postgres']),
    database: fc.option(
      fc.record({
        owner: owners,
        template: fc.boolean(),
        connectable: fc.boolean(),
        grants: someGrants('CONNECT', 'CREATE', 'TEMPORARY'),
      }),
      { nil: undefined },
    ),
    inside: fc.record({
      schema: fc.option(fc.record({ owner: owners, grants: someGrants('USAGE', 'CREATE') }), {
        nil: undefined,
      }),
      languages: fc.subarray([
        { language: 'sql', grantee: null },
        { language: 'plpgsql', grantee: 'a' },
      ]),
      writable: fc.constantFrom(true, false, undefined),
    }),
  })
  .map((observed) => (observed.database?.connectable ? observed : { ...observed, inside: undefined }));

describe('planRepair', () => {
  it('has nothing to do when all is right', () => {
    expect(planRepair(partition, right)).toEqual([]);
  });

  it('makes a database that nobody can connect to before it is closed', () => {
    expect(planRepair(partition, nothing)).toEqual([
      { do: 'createRole' },
      { do: 'createDatabase' },
      { do: 'revokeDatabase', grantee: null },
      { do: 'allowConnections' },
    ]);
  });

  it('lets the tenant in last', () => {
    const fresh = { ...right, database: { owner: self, template: false, connectable: true, grants: [] } };
    const schema = { owner: 'pg_database_owner', grants: [grant(null, 'USAGE')] };
    expect(planRepair(partition, { ...fresh, inside: { ...inside, schema } })).toEqual([
      { do: 'takeSchema' },
      { do: 'revokeSchema', grantee: null },
      { do: 'grantSchema' },
      { do: 'grantConnect' },
    ]);
  });

  it('names what is wrong with a role, and nothing else', () => {
    const wrong = { ...role, superuser: true, connectionLimit: -1, hasPassword: true };
    expect(planRepair(partition, { ...right, role: wrong })).toEqual([
      { do: 'alterRole', wrong: ['superuser', 'connectionLimit', 'password'] },
    ]);
  });

  it('ends at exactly what is wanted within three rounds, from anywhere, and is done then', () => {
    fc.assert(
      fc.property(observations, fc.constantFrom('ReadWrite', 'ReadOnly'), (observed, access) => {
        let state = observed;
        for (let round = 0; round < 3; round += 1) {
          state = planRepair(partition, state, access).reduce(apply, state);
          // Who can connect sees what is there: in a new database what Postgres puts into each.
          if (state.database?.connectable) state = { ...state, inside: state.inside ?? freshInside };
        }
        expect(planRepair(partition, state, access)).toEqual([]);
        expect(state).toMatchObject({ role, memberships: [], tracesIn: [], open: [] });
        expect(state.database).toMatchObject({ owner: self, template: false, connectable: true });
        const others = ({ grantee }: Grant) => grantee !== self;
        expect(state.database?.grants.filter(others)).toEqual([grant('a', 'CONNECT')]);
        expect(new Set(state.inside?.schema?.grants.filter(others))).toEqual(
          new Set([grant('a', 'USAGE'), grant('a', 'CREATE')]),
        );
        expect(state.inside).toMatchObject({ schema: { owner: self }, languages: [] });
        if (observed.inside?.writable !== undefined)
          expect(state.inside?.writable).toBe(access === 'ReadWrite');
      }),
    );
  });
});

const freshInside: ObservedInside = {
  schema: {
    owner: 'pg_database_owner',
    grants: [grant(null, 'USAGE'), grant('pg_database_owner', 'CREATE')],
  },
  languages: [{ language: 'plpgsql', grantee: null }],
  writable: undefined,
};

/** What Postgres makes of a step; like Postgres, it refuses what cannot be done. */
function apply(state: ObservedAccess, step: RepairStep): ObservedAccess {
  switch (step.do) {
    case 'closeDatabase':
      return { ...state, open: state.open.filter((name) => name !== step.database) };
    case 'revokeMembership':
      return { ...state, memberships: state.memberships.filter((one) => one !== step.membership) };
    case 'reassignOwned':
      return state;
    case 'dropOwned':
      return { ...state, tracesIn: state.tracesIn.filter((name) => name !== step.database) };
    case 'createRole':
      if (state.role) throw new Error('role "a" already exists');
      return { ...state, role };
    case 'alterRole':
      return { ...state, role: { ...present(state.role), ...wantedOf(step.wrong) } };
    case 'createDatabase':
    case 'takeDatabase':
    case 'revokeDatabase':
    case 'unmarkTemplate':
    case 'allowConnections':
    case 'grantConnect':
      return { ...state, database: applyToDatabase(state, step) };
    default:
      return { ...state, inside: applyInside(present(state.inside), step) };
  }
}

function applyToDatabase(
  { database, role: login }: ObservedAccess,
  step: RepairStep,
): ObservedAccess['database'] {
  if (step.do === 'createDatabase') {
    if (database) throw new Error('database "a" already exists');
    return { owner: self, template: false, connectable: false, grants: [grant(null, 'CONNECT')] };
  }
  const found = present(database);
  switch (step.do) {
    case 'takeDatabase':
      return { ...found, owner: self, grants: moved(found.grants, found.owner) };
    case 'revokeDatabase':
      return { ...found, grants: found.grants.filter(({ grantee }) => grantee !== step.grantee) };
    case 'unmarkTemplate':
      return { ...found, template: false };
    case 'allowConnections':
      return { ...found, connectable: true };
    case 'grantConnect':
      present(login);
      return { ...found, grants: granted(found.grants, 'CONNECT') };
    default:
      throw new Error(step.do);
  }
}

function applyInside(found: ObservedInside, step: RepairStep): ObservedInside {
  if (step.do === 'createSchema') return { ...found, schema: { owner: self, grants: [] } };
  if (step.do === 'setAccess') return { ...found, writable: step.access === 'ReadWrite' };
  if (step.do === 'revokeLanguage') {
    const left = found.languages.filter(({ language }) => language !== step.language);
    return { ...found, languages: left };
  }
  const schema = present(found.schema);
  switch (step.do) {
    case 'takeSchema':
      return { ...found, schema: { owner: self, grants: moved(schema.grants, schema.owner) } };
    case 'revokeSchema':
      return {
        ...found,
        schema: { ...schema, grants: schema.grants.filter(({ grantee }) => grantee !== step.grantee) },
      };
    case 'grantSchema':
      return { ...found, schema: { ...schema, grants: granted(granted(schema.grants, 'USAGE'), 'CREATE') } };
    default:
      throw new Error(step.do);
  }
}

/** Rights of an owner go to the next one. */
function moved(grants: readonly Grant[], owner: string): readonly Grant[] {
  return grants.filter(({ grantee }) => grantee !== owner);
}

function granted(grants: readonly Grant[], privilege: string): readonly Grant[] {
  if (grants.some((one) => one.grantee === 'a' && one.privilege === privilege)) return grants;
  return [...grants, grant('a', privilege)];
}

function wantedOf(wrong: readonly RoleProperty[]): Partial<ObservedRole> {
  const all: Readonly<Record<RoleProperty, Partial<ObservedRole>>> = {
    ...(Object.fromEntries(
      Object.entries(wantedAttributes).map(([name, value]) => [name, { [name]: value }]),
    ) as Record<keyof typeof wantedAttributes, Partial<ObservedRole>>),
    connectionLimit: { connectionLimit: partition.connectionLimit },
    password: { hasPassword: false },
  };
  return Object.assign({}, ...wrong.map((property) => all[property])) as Partial<ObservedRole>;
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('does not exist');
  return value;
}
