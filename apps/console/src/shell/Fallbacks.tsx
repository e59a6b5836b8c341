/** What is shown instead of a page that is not there or that stopped working. */
import { shellCopy } from "../copy/ShellCopy.ts"
import { Button, ButtonLink } from "../ui/Button.tsx"
import { Page } from "../ui/Page.tsx"

export const NotFound = () => (
  <Page title={shellCopy.notFound} intro={shellCopy.notFoundHelp}>
    <ButtonLink to="/" look="primary">
      {shellCopy.toOverview}
    </ButtonLink>
  </Page>
)

export const Broken = () => (
  <Page title={shellCopy.broken} intro={shellCopy.brokenHelp}>
    <Button look="primary" onClick={() => window.location.reload()}>
      {shellCopy.reload}
    </Button>
  </Page>
)
