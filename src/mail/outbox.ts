import type { FeatureRules } from '../feature.ts';
import { deleteFinishedMails, resealMails } from './outbox.sql.ts';
import { exportedMails, forgetRecipient } from './queue-mail.sql.ts';

/** What the outbox has to say as the owner of a table. */
export const mailOutbox: FeatureRules = {
  tables: [
    {
      name: 'mail_outbox',
      columns: ['user_id'],
      atExport: { part: 'mails' },
      atDeletion: { step: 'forgetMails', statement: forgetRecipient },
      atTakeOver: { kept: 'mails to the address, which the new owner has proved' },
    },
  ],
  exportParts: [exportedMails],
  cleanUps: [{ rows: 'mail_outbox', change: 'deleted', runBatch: deleteFinishedMails }, resealMails],
};
