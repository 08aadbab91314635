import { deviceMemory } from '../../shared/api/memory.ts';

const isGraphiql = (key: string) => key.startsWith('graphiql:');

/** Storage for GraphiQL's tabs: with its own, it renders nothing in a browser that forbids storage. */
export const kept = {
  getItem: (key: string) => deviceMemory.get(key),
  setItem: (key: string, value: string) => deviceMemory.set(key, value),
  removeItem: (key: string) => deviceMemory.forget(key),
  clear: () => deviceMemory.keys().filter(isGraphiql).forEach(deviceMemory.forget),
  get length() {
    return deviceMemory.keys().filter(isGraphiql).length;
  },
};
