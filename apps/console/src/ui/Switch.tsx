/** A switch with its name. A blocked one can still be reached, and says what is missing instead of doing nothing. */
import { Switch as Base } from "@base-ui/react/switch"

export const Switch = ({
  describedBy,
  isBlocked = false,
  isOn,
  labelledBy,
  onChange
}: {
  readonly isOn: boolean
  readonly isBlocked?: boolean
  readonly labelledBy: string
  readonly describedBy?: string
  /** Also asked when it is blocked. */
  readonly onChange: (next: boolean) => void
}) => (
  <Base.Root
    checked={isOn}
    onCheckedChange={onChange}
    aria-labelledby={labelledBy}
    aria-describedby={describedBy}
    aria-disabled={isBlocked || undefined}
    className="inline-flex h-7 w-12 shrink-0 cursor-pointer items-center rounded-full border-2 border-control bg-surface p-0.5 data-checked:border-primary data-checked:bg-primary aria-disabled:cursor-not-allowed aria-disabled:border-dashed"
  >
    <Base.Thumb className="size-5 rounded-full bg-control transition-transform data-checked:translate-x-5 data-checked:bg-on-primary" />
  </Base.Root>
)
