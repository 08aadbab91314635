// Runs in mongosh beside each mongod after its start. The first member creates the replica set and its user, unless
// they exist.
const { HOSTNAME, MEMBERS, DATABASE_USERNAME, DATABASE_PASSWORD } = process.env;
const [, name, ordinal] = /^(.+)-(\d+)$/.exec(HOSTNAME);
const patienceMs = 120_000;

function attempt() {
  const admin = connect('mongodb://127.0.0.1:27017/admin?directConnection=true');
  const isMember = () => admin.hello().setName !== undefined;
  if (isMember() && admin.auth(DATABASE_USERNAME, DATABASE_PASSWORD).ok) return;
  if (!isMember()) {
    const members = Array.from({ length: Number(MEMBERS) }, (_, _id) => ({
      _id,
      host: `${name}-${_id}.${name}:27017`,
    }));
    admin.adminCommand({ replSetInitiate: { _id: 'rs0', members } });
  }
  while (!admin.hello().isWritablePrimary) sleep(500);
  // MongoDB's localhost exception: while there is no user, a local connection may create the first one.
  admin.createUser({ user: DATABASE_USERNAME, pwd: DATABASE_PASSWORD, roles: ['root'] });
}

for (const deadline = Date.now() + patienceMs; ordinal === '0';) {
  try {
    attempt();
    break;
  } catch (error) {
    if (Date.now() > deadline) throw error;
    sleep(1_000);
  }
}
