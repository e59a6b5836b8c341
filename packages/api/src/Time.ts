/**
 * Moments over the wire are ISO 8601 in UTC (`2026-01-31T17:00:00.000Z`); inside they are whole milliseconds. What is
 * sent to us may also give the milliseconds.
 */
import { DateTime, Effect, Option, Schema, SchemaGetter, SchemaIssue } from "effect"
import { Instant } from "@casewire/core/domain/Ids"

const written = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)$/

export const Time = Schema.String.annotate({ format: "date-time" }).pipe(
  Schema.decodeTo(Instant, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const moment = written.test(text) ? DateTime.make(text) : Option.none()
      return Option.isSome(moment)
        ? Effect.succeed(DateTime.toEpochMillis(moment.value))
        : Effect.fail(new SchemaIssue.InvalidValue({ message: "Expected an ISO 8601 time with its offset" }))
    }),
    encode: SchemaGetter.transform((instant: number) => DateTime.formatIso(DateTime.makeUnsafe(instant)))
  })
)

export const TimeInput = Schema.Union([Instant, Time])
