/**
 * Decodes what this store wrote itself. What does not fit is a failure of the store that names the row and nothing
 * else: a schema's own message would carry the client's data into logs.
 */
import { Schema } from "effect"
import { StorageFailure } from "./StorageFailure.ts"

export const decoder = <A>(schema: Schema.Codec<A, unknown>, what: string) => {
  const decode = Schema.decodeUnknownSync(schema)
  return (value: unknown, id: string): A => {
    try {
      return decode(value)
    } catch {
      throw new StorageFailure("undecodable", `${what} ${id} does not fit its schema`)
    }
  }
}
