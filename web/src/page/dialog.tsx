/** A dialog as this app draws them. Built from parts, because Mantine's whole one puts a second banner on the page. */
import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './dialog.module.css'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  /** For a search: near the top, and with its field in the place of a title. */
  isSearch?: boolean
  /** What it shows cannot be shown again: a click beside it does not close it. */
  isFirm?: boolean
  children: ReactNode
}

export function Dialog({ opened, onClose, title, isSearch = false, isFirm = false, children }: Props) {
  return (
    <Modal.Root
      opened={opened}
      onClose={onClose}
      centered={!isSearch}
      yOffset={isSearch ? '10vh' : '5vh'}
      size={isSearch ? 'lg' : 'md'}
      padding={isSearch ? 0 : 'lg'}
      transitionProps={{ duration: 150 }}
      // The page's scrollbar is always there; taking it away would move the page behind.
      lockScroll={false}
      closeOnClickOutside={!isFirm}
      classNames={{ content: classes.content }}
    >
      <Modal.Overlay />
      <Modal.Content>
        <div className={classes.header} data-hidden={isSearch || undefined}>
          <Modal.Title className={classes.title}>{title}</Modal.Title>
          {!isSearch && <Modal.CloseButton aria-label="Close" />}
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
