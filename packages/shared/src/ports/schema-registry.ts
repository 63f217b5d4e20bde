/** A Confluent-compatible schema registry. Every method throws SCHEMA_REGISTRY_UNAVAILABLE (retriable) when it does not answer. */
export interface SchemaRegistry {
  /** The id of an Avro schema (as JSON) under a subject, registered if it is new there. Throws SCHEMA_INCOMPATIBLE when it is refused. */
  register(subject: string, schema: string): Promise<number>;
  /** The Avro schema (as JSON) of an id; null when there is no Avro schema of that id. */
  schemaOf(id: number): Promise<string | null>;
}
