/** A button that is a button, or a link that looks like one. Waiting keeps its width and says so to everybody. */
import { Link, type LinkProps } from "@tanstack/react-router"
import { LoaderCircle } from "lucide-react"
import type { ComponentProps, ReactNode } from "react"

export type Look = "primary" | "secondary" | "danger" | "quiet"

const shape =
  "inline-flex min-h-9 items-center justify-center gap-2 rounded-md px-4 py-1.5 text-sm font-semibold no-underline " +
  "aria-disabled:opacity-60 aria-disabled:cursor-not-allowed"
const looks: Readonly<Record<Look, string>> = {
  primary: "bg-primary text-on-primary hover:brightness-110",
  secondary: "border border-control bg-surface text-text hover:bg-raised",
  danger: "border border-error bg-surface text-error hover:bg-error-soft",
  quiet: "px-2 text-primary hover:bg-raised"
}
const buttonClass = (look: Look): string => `${shape} ${looks[look]}`

interface ButtonProps extends ComponentProps<"button"> {
  readonly look?: Look
  /** While it works it takes no second press, and keeps the focus. */
  readonly isWaiting?: boolean
}

export const Button = ({ children, className = "", isWaiting = false, look = "secondary", ...rest }: ButtonProps) => (
  <button
    type="button"
    {...rest}
    aria-disabled={isWaiting || rest["aria-disabled"] || undefined}
    className={`${buttonClass(look)} ${className}`}
    onClick={isWaiting ? (event) => event.preventDefault() : rest.onClick}
  >
    {isWaiting ? <LoaderCircle aria-hidden="true" className="spin" size={16} /> : null}
    {children}
  </button>
)

export const ButtonLink = ({
  children,
  look = "secondary",
  ...rest
}: LinkProps & { readonly look?: Look; readonly children: ReactNode }) => (
  <Link {...rest} className={buttonClass(look)}>
    {children}
  </Link>
)
