/** A question that must be answered first. The focus goes in, stays in, and comes back to where it was. */
import { Dialog as Base } from "@base-ui/react/dialog"
import type { ReactNode } from "react"

export const Dialog = ({
  actions,
  children,
  isOpen,
  onClose,
  title
}: {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
  readonly actions: ReactNode
}) => (
  <Base.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
    <Base.Portal>
      <Base.Backdrop className="fixed inset-0 z-40 bg-black/50" />
      <Base.Popup className="card fixed start-1/2 top-1/2 z-50 max-h-[calc(100dvh-2rem)] w-[min(34rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 space-y-4 overflow-y-auto p-6">
        <Base.Title className="foreign text-lg font-semibold">{title}</Base.Title>
        <div className="space-y-3">{children}</div>
        <div className="flex flex-wrap justify-end gap-2">{actions}</div>
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
)
