/** One polite region for the whole console: what happened, once, and read out when the reader is ready for it. */
import { useEffect, useState } from "react"

type Listener = (sentence: string) => void
const listeners = new Set<Listener>()

export const announce = (sentence: string): void => {
  for (const listener of listeners) listener(sentence)
}

export const Announcements = () => {
  const [sentence, setSentence] = useState("")
  useEffect(() => {
    let clearing: ReturnType<typeof setTimeout> | undefined
    const listener: Listener = (next) => {
      setSentence(next)
      clearTimeout(clearing)
      // Said once: what stays here would be read again by whoever walks through the page.
      clearing = setTimeout(() => setSentence(""), 10_000)
    }
    listeners.add(listener)
    return () => {
      clearTimeout(clearing)
      listeners.delete(listener)
    }
  }, [])
  return (
    <p role="status" className="sr-only">
      {sentence}
    </p>
  )
}
