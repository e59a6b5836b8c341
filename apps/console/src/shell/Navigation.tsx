/** The way to every page; the same list beside the page and, on a narrow screen, in a dialog. */
import { Link, type LinkProps } from "@tanstack/react-router"
import {
  Activity,
  CircleHelp,
  House,
  ListChecks,
  type LucideIcon,
  Plug,
  Settings,
  TriangleAlert,
  Users
} from "lucide-react"
import { shellCopy } from "../copy/ShellCopy.ts"

const items: ReadonlyArray<{
  readonly to: NonNullable<LinkProps["to"]>
  readonly icon: LucideIcon
  readonly name: keyof typeof shellCopy.nav
}> = [
  { to: "/", icon: House, name: "overview" },
  { to: "/connections", icon: Plug, name: "connections" },
  { to: "/leads", icon: Users, name: "leads" },
  { to: "/events", icon: Activity, name: "activity" },
  { to: "/dead-letters", icon: TriangleAlert, name: "attention" },
  { to: "/lists", icon: ListChecks, name: "lists" },
  { to: "/settings", icon: Settings, name: "settings" },
  { to: "/help", icon: CircleHelp, name: "help" }
]

export const Navigation = ({
  attention,
  onNavigate
}: {
  readonly attention: number
  readonly onNavigate?: () => void
}) => (
  <nav aria-label={shellCopy.navigation}>
    <ul className="space-y-1">
      {items.map(({ icon: Icon, name, to }) => (
        <li key={to}>
          <Link
            to={to}
            onClick={onNavigate}
            activeOptions={{ exact: to === "/" }}
            className="flex min-h-10 items-center gap-2.5 rounded-md px-3 py-2 text-sm font-medium text-text hover:bg-raised"
            activeProps={{ className: "bg-primary-soft! font-semibold! text-primary!" }}
          >
            <Icon aria-hidden="true" size={18} />
            <span className="grow">{shellCopy.nav[name]}</span>
            {name === "attention" && attention > 0 ? (
              <span className="rounded-full bg-error-soft px-1.5 py-0.5 text-xs font-semibold text-error">
                {attention.toLocaleString()}
                <span className="sr-only"> {shellCopy.attentionCount(attention)}</span>
              </span>
            ) : null}
          </Link>
        </li>
      ))}
    </ul>
  </nav>
)
