/** `npm run example`: watches the dashboard of a system that runs in development, with every operation typed. */
import { createClient } from './client.ts';
import { DashboardDocument, DashboardUpdatedDocument } from './generated/graphql.ts';

const url = process.argv[2] ?? `http://localhost:${process.env['ROUTER_PORT'] || '8088'}`;
const signIn = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"userId":"me","roles":["operator"]}',
};
const answer = await fetch(`${url}/dev/token`, signIn).catch(() => {
  console.error(`Nothing answers at ${url}: npm start first. Elsewhere? npm run example -- http://…`);
  process.exit(69);
});
if (!answer.ok) {
  console.error(
    `${url} gives no development tokens (HTTP ${answer.status}): this example needs a system in development.`,
  );
  process.exit(69);
}
const { token } = (await answer.json()) as { token: string };
const client = createClient({ url: `${url}/graphql`, token });

const { dashboard } = await client.request(DashboardDocument, {});
console.log(`${dashboard.totals.available} of ${dashboard.totals.bikes} bikes are free`);

// After the cursor: nothing between the query and the subscription is missed, nor when the connection is lost. Ctrl-C ends it.
const { cursor: after } = dashboard;
for await (const { dashboardUpdated } of client.subscribe(DashboardUpdatedDocument, {}, { after })) {
  const { eventType, userId, bikeId, points, reservation } = dashboardUpdated;
  const told = [userId, bikeId && `bike ${bikeId}`, reservation?.reserveStatus, points && `${points} points`];
  console.log(eventType, told.filter(Boolean).join(' · '));
}
