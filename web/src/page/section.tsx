/** A part of a page on its own ground: a heading, at most one main action at the right, and what it holds. */
import { Title } from '@mantine/core'
import type { ReactNode, Ref } from 'react'
import classes from './section.module.css'

interface Props {
  title: string
  about?: ReactNode
  action?: ReactNode
  /** For giving the focus a place when what had it is gone. */
  headingRef?: Ref<HTMLHeadingElement>
  children: ReactNode
}

export function Section({ title, about, action, headingRef, children }: Props) {
  return (
    <section className={classes.section}>
      <header className={classes.header}>
        <div className={classes.words}>
          <Title order={2} ref={headingRef} tabIndex={-1}>
            {title}
          </Title>
          {about && <p className={classes.about}>{about}</p>}
        </div>
        {action}
      </header>
      {children}
    </section>
  )
}
