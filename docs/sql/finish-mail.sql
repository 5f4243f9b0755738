-- Records a mail as sent and deletes its content (SES-02).
-- src/mail/queries.ts

UPDATE mail_outbox m SET outcome = 'sent', finished_at = now(), sealed = NULL, facts = NULL
WHERE m.id = $1::uuid AND m.finished_at IS NULL;
