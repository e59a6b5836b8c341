/** Which of the host's calls a fiber works on, so that its requests go out in that call's name. */
import { Context } from "effect"

export const CurrentCall = Context.Reference<number | undefined>("@casewire/plugin-host/worker/CurrentCall", {
  defaultValue: () => undefined
})
