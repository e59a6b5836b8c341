/**
 * How the commands about plugins answer: data on stdout, as text or as one JSON envelope; everything else on stderr; and
 * an exit code that a script can tell apart. 2 wrong usage, 3 configuration, 4 sign-in or permission, 5 not there, 6
 * refused or to be confirmed first, 7 failed in part, 8 the host was not reached.
 */
import type { PluginRefusalCode } from "@casewire/core/domain/PluginRefusal"
import { Console, Effect } from "effect"
import { Flag } from "effect/cli"
import { StartRefused } from "../Settings.ts"

export const exits = {
  failed: 1,
  usage: 2,
  configuration: 3,
  permission: 4,
  missing: 5,
  refused: 6,
  partly: 7,
  unreachable: 8
} as const

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print one JSON envelope: ok, data or error"),
  Flag.withDefault(false)
)

/** Something a person can do something about; `code` is for programs. */
export interface CommandFailure {
  readonly code: string
  readonly message: string
  readonly exit: number
}

const absent: ReadonlySet<PluginRefusalCode> = new Set(["file-missing", "package-unknown", "version-unknown"])

/** A refusal by its name, whether this process or the host found it. */
export const refusal = (code: string, message: string): CommandFailure => ({
  code,
  message,
  exit: [...absent].some((name) => name === code) ? exits.missing : exits.refused
})

/** Prints what `run` found; `failure` names what can go wrong. */
export const answer = <A, E, R>(
  asJson: boolean,
  run: Effect.Effect<A, E, R>,
  text: (data: A) => string,
  failure: (error: E) => CommandFailure
): Effect.Effect<void, StartRefused, R> =>
  run.pipe(
    Effect.matchEffect({
      onSuccess: (data) => Console.log(asJson ? envelope({ ok: true, data }) : text(data)),
      onFailure: (error) => {
        const { code, exit, message } = failure(error)
        const refused = Effect.fail(new StartRefused({ message, exit }))
        return asJson
          ? Effect.andThen(Console.log(envelope({ ok: false, error: { code, message } })), refused)
          : refused
      }
    })
  )

const envelope = (value: object): string => JSON.stringify(value, undefined, 2)
