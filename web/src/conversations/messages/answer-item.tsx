/** The answer that is no message yet: asked for, growing, or failed, with what it said until then. */
import { Button } from '@mantine/core'
import type { PlinthError } from '../../../../client/plinth.ts'
import type { Answer } from '../../../../shared/conversations.ts'
import { FailureDetails } from '../../failure/failure-details.tsx'
import { actionAdvice } from '../../failure/failure-words.ts'
import { RefusalBox } from '../../failure/refusal.tsx'
import { failureWords } from './answer-words.ts'
import { MarkdownText } from './markdown-text.tsx'
import classes from './message.module.css'
import { MessageFrame } from './message-item.tsx'
import { useSteadyText } from './use-steady-text.ts'

interface Props {
  /** Null while it is being asked for. */
  answer: Answer | null
  canAsk: boolean
  onAsk: () => void
}

export function AnswerItem({ answer, canAsk, onAsk }: Props) {
  const text = useSteadyText(answer?.content ?? '')
  if (answer?.failure)
    return (
      <MessageFrame
        id={answer.id}
        from="assistant"
        status="failed"
        aside={<span className={classes.status}>Not finished</span>}
        note={
          <RefusalBox>
            <p>{failureWords[answer.failure]}</p>
            {canAsk && (
              <Button size="xs" variant="default" onClick={onAsk}>
                Try again
              </Button>
            )}
          </RefusalBox>
        }
      >
        {answer.content !== '' && <MarkdownText text={answer.content} />}
      </MessageFrame>
    )
  return (
    <MessageFrame
      id={answer?.id ?? 'asked'}
      from="assistant"
      status="answering"
      aside={<span className={classes.status}>{text === '' ? 'Thinking' : 'Answering'}</span>}
    >
      <MarkdownText text={text} isGrowing />
      <span className={classes.caret} aria-hidden />
    </MessageFrame>
  )
}

/** Nobody has answered, and nobody is about to. */
export function UnansweredNote({ failure, canAsk, onAsk }: { failure: PlinthError | null } & Omit<Props, 'answer'>) {
  return (
    <div className={classes.unanswered}>
      {failure ? (
        <RefusalBox>
          <p>The assistant was not asked. {actionAdvice(failure)}</p>
          {canAsk && (
            <Button size="xs" variant="default" onClick={onAsk}>
              Try again
            </Button>
          )}
          <FailureDetails code={failure.code} requestId={failure.requestId} />
        </RefusalBox>
      ) : (
        canAsk && (
          <Button size="xs" variant="default" onClick={onAsk}>
            Ask the assistant to answer
          </Button>
        )
      )}
    </div>
  )
}
