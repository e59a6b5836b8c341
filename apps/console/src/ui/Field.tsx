/**
 * One input with its name, its help and what is wrong with it, all of which a screen reader says together. A secret can
 * be looked at while it is typed, and managers of passwords may fill it in.
 */
import { Eye, EyeOff } from "lucide-react"
import { type InputHTMLAttributes, type ReactNode, useId, useState } from "react"
import { uiCopy } from "../copy/UiCopy.ts"

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  readonly label: string
  /** `false` says that it may be left out. */
  readonly required?: boolean
  readonly help?: ReactNode
  readonly error?: ReactNode
  readonly isSecret?: boolean
  readonly onValue: (value: string) => void
}

export const Field = ({ error, help, isSecret = false, label, onValue, required, ...input }: FieldProps) => {
  const id = useId()
  const [isShown, setShown] = useState(false)
  const described = [help === undefined ? "" : `${id}-help`, error === undefined ? "" : `${id}-error`]
    .filter((part) => part !== "")
    .join(" ")
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className="block text-sm font-semibold">
        {label}
        {required === false ? <span className="font-normal text-muted"> {uiCopy.optional}</span> : null}
      </label>
      {help === undefined ? null : (
        <p id={`${id}-help`} className="foreign text-sm text-muted">
          {help}
        </p>
      )}
      <div className="flex gap-2">
        <input
          autoComplete="off"
          spellCheck={false}
          {...input}
          id={id}
          type={isSecret && !isShown ? "password" : (input.type ?? "text")}
          className="input"
          // Said, and judged by the form itself: the browser's own bubble is in no language and no place of ours.
          aria-required={required === true || undefined}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={described === "" ? undefined : described}
          onChange={(event) => onValue(event.target.value)}
        />
        {isSecret ? (
          <button
            type="button"
            className="inline-flex min-h-10 min-w-10 items-center justify-center rounded-md border border-control hover:bg-raised"
            aria-label={isShown ? uiCopy.hide(label) : uiCopy.show(label)}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? <EyeOff aria-hidden="true" size={18} /> : <Eye aria-hidden="true" size={18} />}
          </button>
        ) : null}
      </div>
      {error === undefined ? null : (
        <p id={`${id}-error`} className="foreign text-sm font-medium text-error">
          {error}
        </p>
      )}
    </div>
  )
}

/** A choice of few, as the system draws it: it works with every keyboard and every phone. */
export const Choice = ({
  help,
  isLabelHidden = false,
  label,
  onValue,
  options,
  value
}: {
  readonly label: string
  readonly isLabelHidden?: boolean
  readonly help?: ReactNode
  readonly value: string
  readonly options: ReadonlyArray<readonly [value: string, label: string]>
  readonly onValue: (value: string) => void
}) => {
  const id = useId()
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className={isLabelHidden ? "sr-only" : "block text-sm font-semibold"}>
        {label}
      </label>
      {help === undefined ? null : (
        <p id={`${id}-help`} className="text-sm text-muted">
          {help}
        </p>
      )}
      <select
        id={id}
        className="input"
        value={value}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={(event) => onValue(event.target.value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
