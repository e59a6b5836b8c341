/** The inputs of a connect form, drawn from what the plugin declares: its names, its help, its pattern. */
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { connectionsCopy as copy } from "../copy/ConnectionsCopy.ts"
import { Button } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { partOffered, remarksOn, type Values } from "./CredentialChecks.ts"

export const CredentialFields = ({
  errors,
  manifest,
  onValues,
  values
}: {
  readonly manifest: PluginManifest
  readonly values: Values
  readonly errors: Values
  readonly onValues: (values: Values) => void
}) => {
  const remarks = remarksOn(manifest, values)
  return manifest.credentials.map((field) => {
    const value = values[field.name] ?? ""
    const part = partOffered(field, value)
    return (
      <div key={field.name} className="space-y-2">
        <Field
          label={field.label}
          name={field.name}
          help={field.help}
          isSecret={field.secret}
          autoComplete={field.secret ? "new-password" : "off"}
          placeholder={field.placeholder === "" ? undefined : field.placeholder}
          required={field.required}
          value={value}
          onValue={(next) => onValues({ ...values, [field.name]: next })}
          error={errors[field.name]}
        />
        {remarks[field.name] === undefined ? null : <p className="text-sm text-warn">{remarks[field.name]}</p>}
        {part === undefined ? null : (
          <Button onClick={() => onValues({ ...values, [field.name]: part })}>{copy.usePart(part)}</Button>
        )}
      </div>
    )
  })
}
