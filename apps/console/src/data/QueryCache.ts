/**
 * What the screens know, and how fresh it is. A refusal is not asked again, an outage is; a session that ended leads to
 * the sign-in page, which comes back to where the person was.
 */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query"
import { Failure } from "./Client.ts"

const signedOut = (error: unknown): void => {
  if (!(error instanceof Failure) || error.status !== 401 || window.location.pathname === "/login") return
  const here = window.location.pathname + window.location.search
  window.location.assign(`/login?to=${encodeURIComponent(here)}`)
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      retry: (count, error) => count < 2 && error instanceof Failure && (error.status === 0 || error.status === 503),
      retryDelay: (count) => 500 * 2 ** count
    },
    mutations: { retry: false }
  }
})
