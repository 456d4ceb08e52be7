"""Where sent mail is read from to make a history: mbox files, Maildirs, IMAP servers. Nothing there is changed."""
