// Runs in mongosh beside each mongod after its start. The first member creates the replica set and its user, unless
// they exist.
const { HOSTNAME, MEMBERS, DATABASE_USERNAME, DATABASE_PASSWORD } = process.env;
const [, name, ordinal] = /^(.+)-(\d+)$/.exec(HOSTNAME);
const patienceMs = 120_000;

/** mongosh throws when the server refuses the credentials, which it also does while there is no such user. */
function isKnown(admin) {
  try {
    return admin.auth(DATABASE_USERNAME, DATABASE_PASSWORD).ok === 1;
  } catch {
    return false;
  }
}

function attempt() {
  const admin = connect('mongodb://127.0.0.1:27017/admin?directConnection=true');
  const isMember = admin.hello().setName !== undefined;
  if (isMember && isKnown(admin)) return;
  if (!isMember) {
    const members = Array.from({ length: Number(MEMBERS) }, (_, _id) => ({
      _id,
      host: `${name}-${_id}.${name}:27017`,
    }));
    admin.adminCommand({ replSetInitiate: { _id: 'rs0', members } });
  }
  // Another member may be the primary, and have the user already: it is looked at anew.
  if (!admin.hello().isWritablePrimary) throw new Error(`${HOSTNAME} is no primary, and its user is not known.`);
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
