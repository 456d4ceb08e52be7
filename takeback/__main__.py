from takeback.cli.main import main

main()
