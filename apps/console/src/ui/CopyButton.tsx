/** Copies a text, and says that it did, also to whoever does not see the word change. */
import { Check, Copy } from "lucide-react"
import { useState } from "react"
import { uiCopy } from "../copy/UiCopy.ts"
import { announce } from "./Announcements.tsx"
import { Button } from "./Button.tsx"

export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [state, setState] = useState<"ready" | "copied" | "failed">("ready")
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        setState("copied")
        announce(uiCopy.copied(what))
      },
      () => {
        setState("failed")
        announce(uiCopy.copyFailed)
      }
    )
  return (
    <Button onClick={() => void copy()}>
      {state === "copied" ? <Check aria-hidden="true" size={16} /> : <Copy aria-hidden="true" size={16} />}
      <span>
        {state === "copied" ? uiCopy.copiedShort : state === "failed" ? uiCopy.copyFailedShort : uiCopy.copy}
        <span className="sr-only"> {what}</span>
      </span>
    </Button>
  )
}
