// Bounds of the body parsers; docs/limits.md says what happens at each. The size of a body is its reader's bound.
export const bodyLimits = {
  /** Nested arrays and objects of JSON; nested selection sets, lists, objects and types of GraphQL. */
  maxDepth: 64,
  /** Requests in one GraphQL or JSON-RPC batch. */
  maxBatch: 64,
  /** Lexical tokens of a GraphQL document. */
  maxTokens: 8192,
  /** Root fields of one GraphQL operation, aliases and those of fragments counted each. */
  maxRootFields: 256,
  /** Of a JSON-RPC method's name. */
  maxMethodNameLength: 256,
} as const;
