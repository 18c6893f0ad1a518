import { Notifications } from '@mantine/notifications'
import classes from './toaster.module.css'

/** `isBare`: on a page that stands alone, without navigation. */
export function Toaster({ isBare }: { isBare: boolean }) {
  return (
    <section aria-label="Notifications" className={isBare ? classes.bare : undefined}>
      <Notifications
        position="bottom-right"
        limit={4}
        transitionDuration={180}
        notificationMaxHeight="80vh"
        withinPortal={false}
        classNames={{ root: classes.root, notification: classes.toast }}
      />
    </section>
  )
}
