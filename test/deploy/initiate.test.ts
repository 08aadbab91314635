import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';

const script = readFileSync(join(import.meta.dirname, '../../deploy/kubernetes/base/mongodb/initiate.js'), 'utf8');

interface Mongod {
  isMember: boolean;
  hasUser: boolean;
  /** Whether it is ever elected. */
  isElectable: boolean;
}

/** Runs the script as mongosh does, against a mongod that is elected five seconds later; its clock stands but in `sleep`. */
function runBeside(mongod: Mongod, hostname = 'mongodb-bike-0') {
  const commands: string[] = [];
  let clockMs = 0;
  const admin = {
    hello: () => ({
      ...(mongod.isMember ? { setName: 'rs0' } : {}),
      isWritablePrimary: mongod.isElectable && mongod.isMember && clockMs >= 5_000,
    }),
    // mongosh throws what the server refuses.
    auth() {
      if (!mongod.hasUser) throw new Error('Authentication failed.');
      return { ok: 1 };
    },
    adminCommand({ replSetInitiate }: { replSetInitiate: { members: { host: string }[] } }) {
      commands.push(`initiate ${replSetInitiate.members.map(({ host }) => host).join(' ')}`);
      mongod.isMember = true;
    },
    createUser({ user }: { user: string }) {
      if (mongod.hasUser) throw new Error('The user exists.');
      commands.push(`create ${user}`);
      mongod.hasUser = true;
    },
  };
  const env = { HOSTNAME: hostname, MEMBERS: '3', DATABASE_USERNAME: 'bike', DATABASE_PASSWORD: 'word' };
  const run = () =>
    void runInNewContext(
      script,
      {
        process: { env },
        connect: () => admin,
        sleep: (ms: number) => (clockMs += ms),
        Date: { now: () => clockMs },
      },
      // What goes on for ever without its clock is seen as well.
      { timeout: 5_000 },
    );
  return { run, commands };
}

describe('the first member of a database', () => {
  const initiated =
    'initiate mongodb-bike-0.mongodb-bike:27017 mongodb-bike-1.mongodb-bike:27017 mongodb-bike-2.mongodb-bike:27017';

  it('creates the replica set and its user', () => {
    const { run, commands } = runBeside({ isMember: false, hasUser: false, isElectable: true });
    run();
    expect(commands).toEqual([initiated, 'create bike']);
  });

  it('creates the user that a start left out which was cut off behind the replica set', () => {
    const { run, commands } = runBeside({ isMember: true, hasUser: false, isElectable: true });
    run();
    expect(commands).toEqual(['create bike']);
  });

  it('changes nothing where both exist, whoever is the primary', () => {
    const { run, commands } = runBeside({ isMember: true, hasUser: true, isElectable: false });
    run();
    expect(commands).toEqual([]);
  });

  it('gives up with a reason where no primary is elected', () => {
    const { run, commands } = runBeside({ isMember: true, hasUser: false, isElectable: false });
    expect(run).toThrow('is no primary');
    expect(commands).toEqual([]);
  });
});

it('the other members leave that to the first', () => {
  const { run, commands } = runBeside({ isMember: false, hasUser: false, isElectable: true }, 'mongodb-bike-1');
  run();
  expect(commands).toEqual([]);
});
