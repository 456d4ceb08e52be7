"""The maildir connector: works on the files themselves, by renames that name a file with its flags."""
