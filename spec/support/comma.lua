-- A helper of busted: the specs run in a host that writes numbers with a comma.
assert(os.setlocale("de_DE.UTF-8"), "there is no locale de_DE.UTF-8")
assert(("%.1f"):format(1.5) == "1,5")
