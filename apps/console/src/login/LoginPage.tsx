/**
 * Signing in. A link that the host printed carries the token behind the `#`, which a browser sends to nobody; it is
 * used at once and taken out of the address, so that neither the history nor a screenshot keeps it.
 */
import { useMutation } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useEffect, useRef, useState } from "react"
import { shellCopy } from "../copy/ShellCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { Button } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"
import { placeAfter } from "./PlaceAfter.ts"

const copy = shellCopy.login

export const LoginPage = () => {
  const { to } = useSearch({ from: "/login" })
  const navigate = useNavigate()
  const [token, setToken] = useState("")
  const [isMissing, setMissing] = useState(false)
  const [cameByLink, setCameByLink] = useState(false)
  const form = useRef<HTMLFormElement>(null)

  const signIn = useMutation({
    mutationFn: (given: string) => call((api) => api.session.signIn({ payload: { token: given } })),
    onSuccess: (session) => {
      queryClient.clear()
      queryClient.setQueryData(["session"], session)
      void navigate({ href: placeAfter(to), replace: true })
    }
  })

  const { mutate } = signIn
  useEffect(() => {
    document.title = `${copy.title} · ${uiCopy.product}`
    let used = ""
    const followLink = () => {
      const given = new URLSearchParams(window.location.hash.slice(1)).get("token")
      // Once each: this may run again while the address still holds it.
      if (given === null || used === given) return
      used = given
      window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search)
      setCameByLink(true)
      mutate(given)
    }
    followLink()
    // A second link, followed while this page is open, changes nothing but the hash.
    window.addEventListener("hashchange", followLink)
    return () => window.removeEventListener("hashchange", followLink)
  }, [mutate])

  const focusField = () => form.current?.querySelector("input")?.focus()
  const submit = () => {
    setCameByLink(false)
    setMissing(token.trim() === "")
    if (token.trim() === "") return focusField()
    signIn.mutate(token.trim(), { onError: focusField })
  }

  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-6 p-4">
      <div className="flex items-center gap-3">
        <img src="/icon.svg" alt="" width={36} height={36} />
        <span className="text-xl font-bold">{uiCopy.product}</span>
      </div>
      <div className="card space-y-5 p-6">
        <div className="space-y-2">
          <h1 className="text-2xl font-bold">{copy.title}</h1>
          <p className="text-sm text-muted">{copy.intro}</p>
        </div>
        {cameByLink && signIn.isPending ? <p role="status">{copy.working}</p> : null}
        {signIn.error === null ? null : <Refusal error={signIn.error} cameByLink={cameByLink} />}
        <form
          ref={form}
          noValidate
          className="space-y-5"
          onSubmit={(event) => {
            event.preventDefault()
            submit()
          }}
        >
          <Field
            label={copy.token}
            help={copy.tokenHelp}
            isSecret
            required
            autoComplete="current-password"
            value={token}
            onValue={setToken}
            error={isMissing ? copy.missing : undefined}
          />
          <Button type="submit" look="primary" isWaiting={signIn.isPending} className="w-full">
            {copy.submit}
          </Button>
        </form>
      </div>
    </main>
  )
}

const Refusal = ({ cameByLink, error }: { readonly error: Error; readonly cameByLink: boolean }) => (
  <Notice tone="error" isAlert>
    {error instanceof Failure && error.status === 401 ? (
      <p>{cameByLink ? copy.linkWrong : copy.wrong}</p>
    ) : error instanceof Failure && error.status === 429 ? (
      <p>{copy.tooMany}</p>
    ) : (
      <FailureText error={error} />
    )}
  </Notice>
)
