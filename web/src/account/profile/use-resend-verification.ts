import { useMutation } from '@tanstack/react-query'
import { trpc } from '../../plinth.ts'
import { showDone, showFailure } from '../../toasts/toasts.tsx'

/** Has the mail sent again by which an address is confirmed. Links of before stop working. */
export const useResendVerification = () =>
  useMutation({
    ...trpc.auth.resendVerification.mutationOptions(),
    onSuccess: (_, { email }) => showDone(`A mail to ${email} is on its way.`),
    onError: (error) => showFailure('The mail was not sent', error),
  })
