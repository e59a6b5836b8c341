/** The console's entry: one client, one cache, one router, and the screens behind them. */
import { CSPProvider } from "@base-ui/react/csp-provider"
import { QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { queryClient } from "./data/QueryCache.ts"
import { router } from "./Router.tsx"
import { Announcements } from "./ui/Announcements.tsx"
import "./Styles.css"

const root = document.getElementById("root")
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
          <Announcements />
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>
  )
