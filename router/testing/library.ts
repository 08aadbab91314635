import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { createFeed, numbered, type Feed, type Numbered } from './feed.ts';
import { startSubgraph, type TestSubgraph } from './subgraph-server.ts';

/** A supergraph that has nothing to do with the product: books, and the films made of them. */
export interface Library {
  books: TestSubgraph;
  films: TestSubgraph;
  /** Fed to `bookAdded`, which has cursors: `c<n>` for the nth book, counted from 1. */
  added: Feed<string>;
  /** Fed to `bookLent`, which has none. */
  lent: Feed<string>;
  /** Fed to `bookShelved`, which has none, and is the same for everybody. */
  shelved: Feed<string>;
  /** The supergraph with these parts; each subgraph is where it runs unless told otherwise. */
  compose(parts: Partial<LibraryParts>): string;
  /** Lets `book` wait for the word. */
  holdBooks(): { asked(): number; goOn(): void };
  close(): Promise<void>;
}

export interface LibraryParts {
  /** Books can answer how many stars they have, which otherwise films do. */
  starsOfBooks: boolean;
  /** What books declare of `bookShelved`. */
  shelvedIs: string;
  /** What films say about a book beside its stars. */
  filmField: string;
  booksUrl: string;
  filmsUrl: string;
  /** SDL of more subgraphs. */
  more: Record<string, string>;
}

const federation = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@composeDirective", "@key", "@shareable"])`;

const resumable = `extend schema
  @link(url: "https://specs.example/resumable/v1.0", import: ["@resumable"]) @composeDirective(name: "@resumable")
  directive @resumable(after: String! = "after", cursor: String! = "cursor") on FIELD_DEFINITION`;

const sameForEverybody = `extend schema
  @link(url: "https://specs.example/sameForEverybody/v1.0", import: ["@sameForEverybody"])
  @composeDirective(name: "@sameForEverybody")
  directive @sameForEverybody on FIELD_DEFINITION`;

const booksSdl = (starsOfBooks: boolean, shelvedIs = '@sameForEverybody') => `${federation}
  ${resumable}
  ${sameForEverybody}
  "A scalar of the same name as one of the product's, with other rules."
  scalar DateTime
  type Query { book(id: ID!): Book  printed(at: DateTime!): String }
  type Book @key(fields: "id") { id: ID!  title: String!  ${starsOfBooks ? 'stars: Int! @shareable' : ''} }
  input Which { shelf: String  copies: Int = 1 }
  type Subscription { bookAdded(after: String, which: Which): BookAdded @resumable  bookLent: Book  bookShelved: Book ${shelvedIs} }
  type BookAdded { cursor: String!  book: Book! }`;

const filmsSdl = (filmField: string) => `${federation}
  type Query { films: [Film!]! }
  type Book @key(fields: "id") { id: ID!  stars: Int! @shareable  ${filmField} }
  type Film @key(fields: "title") { title: String!  year: Int }`;

export const filmOfBook = 'film: Film';

export async function startLibrary(): Promise<Library> {
  const added = createFeed<string>();
  const lent = createFeed<string>();
  const shelved = createFeed<string>();
  let wait: Promise<void> | undefined;
  let asked = 0;
  const { Query, ...others } = booksResolvers({ added, lent, shelved });
  const resolvers = {
    ...others,
    Query: {
      ...Query,
      async book(root: unknown, given: { id: string }) {
        asked += 1;
        await wait;
        return Query.book(root, given);
      },
    },
  };
  const [books, films] = await Promise.all([
    startSubgraph(booksSdl(true), resolvers),
    startSubgraph(filmsSdl(filmOfBook), filmsResolvers),
  ]);
  return {
    books,
    films,
    added,
    lent,
    shelved,
    compose({
      starsOfBooks = false,
      shelvedIs,
      filmField = filmOfBook,
      booksUrl = books.url,
      filmsUrl = films.url,
      more = {},
    }) {
      const composed = composeServices([
        { name: 'books', url: booksUrl, typeDefs: parse(booksSdl(starsOfBooks, shelvedIs)) },
        { name: 'film-archive', url: filmsUrl, typeDefs: parse(filmsSdl(filmField)) },
        ...Object.entries(more).map(([name, sdl]) => ({ name, url: films.url, typeDefs: parse(sdl) })),
      ]);
      if (composed.errors) throw new Error(composed.errors.map(({ message }) => message).join('\n'));
      return composed.supergraphSdl;
    },
    holdBooks() {
      const before = asked;
      let goOn: () => void = () => undefined;
      wait = new Promise<void>((resolve) => {
        goOn = () => {
          wait = undefined;
          resolve();
        };
      });
      return { asked: () => asked - before, goOn };
    },
    async close() {
      await Promise.all([books.stop(), films.stop()]);
    },
  };
}

/** The subgraph of books once more, elsewhere. */
export const startOtherBooks = (feeds: Feeds) => startSubgraph(booksSdl(true), booksResolvers(feeds));

type Feeds = Pick<Library, 'added' | 'lent' | 'shelved'>;

const book = (id: string) => ({ id, title: `title ${id}`, stars: Number(id) % 6 });

function booksResolvers({ added, lent, shelved }: Feeds) {
  return {
    Query: {
      book: (_root: unknown, { id }: { id: string }) => book(id),
      printed: (_root: unknown, { at }: { at: string }) => `printed ${at}`,
    },
    Book: { __resolveReference: ({ id }: { id: string }) => book(id) },
    Subscription: {
      bookAdded: {
        subscribe: (_root: unknown, { after }: { after?: string | null }) => numbered(added, after),
        resolve: ({ item, at }: Numbered<string>) => ({ cursor: `c${at}`, book: book(item) }),
      },
      bookLent: { subscribe: () => lent.follow(lent.items.length), resolve: book },
      bookShelved: { subscribe: () => shelved.follow(shelved.items.length), resolve: book },
    },
  };
}

const filmsResolvers = {
  Query: { films: () => [{ title: 'film 1', year: 1999 }] },
  Book: {
    __resolveReference: ({ id }: { id: string }) => ({ id, stars: Number(id) % 6 }),
    film: ({ id }: { id: string }) => ({ title: `film ${id}`, year: 1999 }),
  },
};
