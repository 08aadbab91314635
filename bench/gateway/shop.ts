import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type DocumentNode, type GraphQLSchema } from 'graphql';

/**
 * A shop in four subgraphs, and the nested question that public comparisons of gateways ask: users with the reviews
 * they wrote, of products whose reviews have authors, and so on. Everything is computed from a number, so that every
 * start has the same data.
 */
interface User {
  id: string;
}
interface Product {
  upc: string;
}
interface Review {
  id: string;
}
type Resolvers = Parameters<typeof buildSubgraphSchema>[0] extends infer Modules
  ? Modules extends readonly (infer Module)[]
    ? Module extends { resolvers?: infer Given }
      ? NonNullable<Given>
      : never
    : never
  : never;

const counts = { users: 6, products: 10, reviewsOfProduct: 3 };
const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@external", "@requires", "@shareable"])';
const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const number = ({ upc }: Product) => Number(upc.slice(1));
const reviewsOf = ({ upc }: Product): Review[] =>
  range(counts.reviewsOfProduct).map((each) => ({ id: `${upc}-${each}` }));
const productOf = ({ id }: Review): Product => ({ upc: id.split('-')[0] ?? '' });
const authorOf = ({ id }: Review): User => {
  const [upc = 'p1', each = '1'] = id.split('-');
  return { id: `u${((Number(upc.slice(1)) + Number(each)) % counts.users) + 1}` };
};

export interface ShopSubgraph {
  name: string;
  typeDefs: DocumentNode;
  schema: GraphQLSchema;
}

function subgraph(name: string, sdl: string, resolvers: object): ShopSubgraph {
  const typeDefs = parse(`${link}\n${sdl}`);
  return { name, typeDefs, schema: buildSubgraphSchema([{ typeDefs, resolvers: resolvers as Resolvers }]) };
}

/** @param subscribeToPrices gives products with their new prices. */
export const shop = (subscribeToPrices: () => AsyncIterable<unknown>): ShopSubgraph[] => [
  subgraph(
    'accounts',
    `type Query { me: User, user(id: ID!): User, users(tag: String): [User] }
     type User @key(fields: "id") { id: ID!, name(tag: String): String, username: String, birthday: Int }`,
    {
      Query: {
        me: () => ({ id: 'u1' }),
        user: (_root: unknown, { id }: User) => ({ id }),
        users: () => range(counts.users).map((id) => ({ id: `u${id}` })),
      },
      User: {
        __resolveReference: (user: User) => user,
        name: ({ id }: User) => `Rider ${id}, who reads a lot`,
        username: ({ id }: User) => `rider-${id}`,
        birthday: () => 1990,
      },
    },
  ),
  subgraph(
    'inventory',
    `type Mutation { restock(upc: String!, tag: String): Product }
     type Product @key(fields: "upc") {
       upc: String!
       weight: Int @external
       price: Int @external
       inStock(tag: String): Boolean
       shippingEstimate: Int @requires(fields: "price weight")
     }`,
    {
      Mutation: { restock: (_root: unknown, { upc }: Product) => ({ upc }) },
      Product: {
        __resolveReference: (product: Product) => product,
        inStock: (product: Product) => number(product) % 2 === 0,
        shippingEstimate: ({ price, weight }: { price: number; weight: number }) =>
          price > 1_000 ? 0 : Math.round(weight / 2),
      },
    },
  ),
  subgraph(
    'products',
    `type Query { topProducts(first: Int = 5, tag: String): [Product] }
     type Subscription { priceChanged: Product }
     type Product @key(fields: "upc") { upc: String!, name(tag: String): String, price: Int, weight: Int }`,
    {
      Query: {
        topProducts: (_root: unknown, { first }: { first: number }) =>
          range(Math.min(first, counts.products)).map((upc) => ({ upc: `p${upc}` })),
      },
      Subscription: { priceChanged: { subscribe: subscribeToPrices } },
      Product: {
        __resolveReference: (product: Product) => product,
        name: ({ upc }: Product) => `Something useful, number ${upc}`,
        price: (product: Product & { price?: number }) => product.price ?? number(product) * 199,
        weight: (product: Product) => number(product) * 50,
      },
    },
  ),
  subgraph(
    'reviews',
    `type Mutation { addReview(upc: String!, tag: String): Review }
     type Review @key(fields: "id") { id: ID!, body: String, author: User, product: Product }
     type User @key(fields: "id") { id: ID!, reviews(tag: String): [Review] }
     type Product @key(fields: "upc") { upc: String!, reviews(tag: String): [Review] }`,
    {
      Mutation: { addReview: (_root: unknown, { upc }: Product) => ({ id: `${upc}-1` }) },
      Review: {
        __resolveReference: (review: Review) => review,
        body: ({ id }: Review) => `What I think of it, in some words (${id}).`,
        author: authorOf,
        product: productOf,
      },
      User: {
        __resolveReference: (user: User) => user,
        reviews: ({ id }: User) =>
          range(counts.products)
            .flatMap((upc) => reviewsOf({ upc: `p${upc}` }))
            .filter((review) => authorOf(review).id === id)
            .slice(0, 4),
      },
      Product: { __resolveReference: (product: Product) => product, reviews: reviewsOf },
    },
  ),
];

const user = 'id username name(tag: $tag)';
const review = 'id body';
const product = 'inStock(tag: $tag) name(tag: $tag) price shippingEstimate upc weight';
const reviews = 'reviews(tag: $tag)';
const nested = `{ ${product} ${reviews} { ${review} author { ${user} ${reviews} { ${review} product { ${product} } } } } }`;

/**
 * About 85 kB of answer, from seven requests to subgraphs or more. `$tag` changes no answer: a different one makes every
 * request to a subgraph a different one.
 */
export const nestedQuery = `query Nested($tag: String) {
  users(tag: $tag) { ${user} ${reviews} { ${review} product ${nested} } }
  topProducts(tag: $tag) ${nested}
}`;

/** 2.3 kB of answer, from three requests. */
export const smallQuery = `query Small($tag: String) {
  topProducts(first: 8, tag: $tag) { upc name(tag: $tag) price inStock(tag: $tag) reviews(tag: $tag) { id body } }
}`;

/** Two fields in two subgraphs, one after the other, and entities of a third after each. `$tag` as above. */
export const mutation = `mutation Order($tag: String) {
  restock(upc: "p1", tag: $tag) { upc inStock(tag: $tag) name(tag: $tag) }
  addReview(upc: "p2", tag: $tag) { id body product { upc name(tag: $tag) } }
}`;

/** Each event is completed by two subgraphs: 0.4 kB. */
export const subscription = `subscription Prices { priceChanged { upc name price inStock reviews { id body } } }`;

/** What a client gets after a change to this price. */
export const changeTo = (price: number) => ({
  priceChanged: {
    upc: 'p1',
    name: 'Something useful, number p1',
    price,
    inStock: false,
    reviews: reviewsOf({ upc: 'p1' }).map(({ id }) => ({ id, body: `What I think of it, in some words (${id}).` })),
  },
});
