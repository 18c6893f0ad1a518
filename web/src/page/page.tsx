/**
 * The frame of every page: its title in the browser, its heading, its main action. The heading takes the focus when
 * somebody navigates here, so that a screen reader says where they are; not on the first load.
 */
import { Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import { wasNavigatedTo } from './navigation.ts'
import classes from './page.module.css'

interface Props {
  /** For the browser's tab and history. */
  title: string
  /** What stands above the page, where that is not its title. */
  heading?: ReactNode
  /** For tables and figures, which need more than a line of text does. */
  isWide?: boolean
  children: ReactNode
}

export function Page({ title, heading = title, isWide = false, children }: Props) {
  const headingRef = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Plinth`
  }, [title])
  useEffect(() => {
    const heading = headingRef.current
    // A field of the page that has taken the focus already is where its user begins.
    if (wasNavigatedTo() && !heading?.parentElement?.contains(document.activeElement))
      heading?.focus({ preventScroll: true })
  }, [])
  return (
    <article className={classes.page} data-wide={isWide || undefined}>
      <Title order={1} ref={headingRef} tabIndex={-1} dir="auto" className={classes.heading}>
        {heading}
      </Title>
      {children}
    </article>
  )
}
