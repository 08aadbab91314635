/** The place of an event, encoded in its id: `<service>.<stream>@<version>`. */

/** A decision's place in its service: the id of its document. */
export function journalId(stream: string, version: number): string {
  return `${stream}@${version}`;
}

/** The id of an event: unique in the whole system, and it says where the event stands. */
export function eventId(service: string, stream: string, version: number): string {
  return `${service}.${journalId(stream, version)}`;
}

/** Where the event with this id stands; null when it is no event's id but a request's. */
export function placeOf(id: string): { service: string; stream: string; version: number } | null {
  const [, service, stream, version] = /^([a-z]+)\.(.+)@(\d+)$/s.exec(id) ?? [];
  return service && stream && version ? { service, stream, version: Number(version) } : null;
}
