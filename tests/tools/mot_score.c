/* mot_score GT RESULT -- CLEAR-MOT and identity scores of a MOTChallenge result file. */
#include "tools/mot.h"

int main(int argc, char **argv)
{
    mot_file  gt, tr;
    mot_score s;

    if (argc != 3) {
        fprintf(stderr, "usage: mot_score GT.txt RESULT.txt\n");
        return 2;
    }
    if (!mot_read(argv[1], true, &gt) || !mot_read(argv[2], false, &tr)) {
        fprintf(stderr, "mot_score: cannot read %s or %s\n", argv[1], argv[2]);
        return 3;
    }
    mot_evaluate(&gt, &tr, &s);
    printf("{\"MOTA\":%.4f,\"MOTP\":%.4f,\"IDF1\":%.4f,\"IDSW\":%ld,\"FP\":%ld,\"FN\":%ld,"
           "\"Frag\":%ld,\"MT\":%ld,\"ML\":%ld,\"gt_ids\":%ld,\"ids\":%ld,\"precision\":%.4f,"
           "\"recall\":%.4f}\n",
           s.mota, s.motp, s.idf1, s.idsw, s.fp, s.fn, s.frag, s.mt, s.ml, s.n_gt, s.n_ids,
           s.precision, s.recall);
    mot_free(&gt);
    mot_free(&tr);
    return 0;
}
